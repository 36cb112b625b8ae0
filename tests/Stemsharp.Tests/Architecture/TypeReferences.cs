using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Stemsharp.Tests.Architecture;

/// <summary>Every type that a type names: in its signatures, attributes and method bodies, nested types included.</summary>
internal static class TypeReferences
{
    /// <summary>The outermost types that <paramref name="type"/> refers to, itself among them, without repeats.</summary>
    public static IReadOnlyCollection<TypeReference> Of(TypeDefinition type)
    {
        Collector collector = new();
        collector.AddDefinition(type);
        return collector.Found.Values;
    }

    private sealed class Collector
    {
        public Dictionary<string, TypeReference> Found { get; } = [];

        public void AddDefinition(TypeDefinition type)
        {
            Add(type.BaseType);
            foreach (InterfaceImplementation implemented in type.Interfaces)
            {
                Add(implemented.InterfaceType);
            }

            AddAttributes(type);
            AddConstraints(type);
            foreach (FieldDefinition field in type.Fields)
            {
                Add(field.FieldType);
                AddAttributes(field);
            }

            foreach (PropertyDefinition property in type.Properties)
            {
                AddAttributes(property);
            }

            foreach (EventDefinition happening in type.Events)
            {
                AddAttributes(happening);
            }

            foreach (MethodDefinition method in type.Methods)
            {
                AddMethod(method);
            }

            foreach (TypeDefinition nested in type.NestedTypes)
            {
                AddDefinition(nested);
            }
        }

        private void AddMethod(MethodDefinition method)
        {
            AddReference(method);
            AddAttributes(method);
            AddConstraints(method);
            foreach (ParameterDefinition parameter in method.Parameters)
            {
                AddAttributes(parameter);
            }

            if (!method.HasBody)
            {
                return;
            }

            foreach (VariableDefinition variable in method.Body.Variables)
            {
                Add(variable.VariableType);
            }

            foreach (ExceptionHandler handler in method.Body.ExceptionHandlers)
            {
                Add(handler.CatchType);
            }

            foreach (Instruction instruction in method.Body.Instructions)
            {
                switch (instruction.Operand)
                {
                    case TypeReference named: Add(named); break;
                    case MethodReference called: AddReference(called); break;
                    case FieldReference used:
                        Add(used.DeclaringType);
                        Add(used.FieldType);
                        break;
                    case CallSite site: AddSignature(site); break;
                }
            }
        }

        private void AddReference(MethodReference method)
        {
            Add(method.DeclaringType);
            AddSignature(method);
            if (method is not GenericInstanceMethod generic)
            {
                return;
            }

            foreach (TypeReference argument in generic.GenericArguments)
            {
                Add(argument);
            }
        }

        private void AddSignature(IMethodSignature signature)
        {
            Add(signature.ReturnType);
            foreach (ParameterDefinition parameter in signature.Parameters)
            {
                Add(parameter.ParameterType);
            }
        }

        private void AddConstraints(IGenericParameterProvider provider)
        {
            foreach (GenericParameter parameter in provider.GenericParameters)
            {
                foreach (GenericParameterConstraint constraint in parameter.Constraints)
                {
                    Add(constraint.ConstraintType);
                }
            }
        }

        private void AddAttributes(ICustomAttributeProvider provider)
        {
            foreach (CustomAttribute attribute in provider.CustomAttributes)
            {
                Add(attribute.AttributeType);
                foreach (CustomAttributeArgument argument in attribute.ConstructorArguments)
                {
                    if (argument.Value is TypeReference named)
                    {
                        Add(named);
                    }
                }
            }
        }

        private void Add(TypeReference? type)
        {
            switch (type)
            {
                case null or GenericParameter:
                    return;
                case GenericInstanceType generic:
                    foreach (TypeReference argument in generic.GenericArguments)
                    {
                        Add(argument);
                    }

                    Add(generic.ElementType);
                    return;
                case FunctionPointerType pointer:
                    AddSignature(pointer);
                    return;
                case IModifierType modified:
                    Add(modified.ModifierType);
                    Add(modified.ElementType);
                    return;
                case TypeSpecification wrapped:
                    Add(wrapped.ElementType);
                    return;
            }

            TypeReference outermost = type;
            while (outermost.DeclaringType is not null)
            {
                outermost = outermost.DeclaringType;
            }

            Found.TryAdd(outermost.FullName, outermost);
        }
    }
}
